#version 330
// People and props over ground and walls over the photo or the panorama: filtered in linear colour, encoded last.
// Rows turn here: the output's first row is the picture's top. Variant: PHOTO.
#include light.glsl
uniform sampler2D samples;     // people and props: square roots, coverage; `factor`^2 samples a pixel
uniform sampler2D scenery;     // ground and walls: linear, coverage
uniform int factor;
#if PHOTO
uniform sampler2D photo;       // sRGB, first row is the top
#else
uniform sampler2D panorama;    // linear
uniform mat3 world_from_pixel;
#endif
out vec4 color;
vec3 srgb_from_linear(vec3 c) {
  c = clamp(c, 0.0, 1.0);
  return mix(12.92 * c, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
vec3 behind(ivec2 pixel) {
#if PHOTO
  vec3 c = texelFetch(photo, pixel, 0).rgb;
  return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c));
#else
  vec3 d = normalize(world_from_pixel * vec3(vec2(pixel) + 0.5, 1.0));
  vec2 at = vec2(0.5 + atan(d.x, -d.z) / 6.2831853, acos(clamp(d.y, -1.0, 1.0)) / 3.14159265);
  return toned(textureLod(panorama, at, 0.0).rgb);
#endif
}
void main() {
  ivec2 pixel = ivec2(gl_FragCoord.xy);
  ivec2 flipped = ivec2(pixel.x, textureSize(scenery, 0).y - 1 - pixel.y);
  vec4 sum = vec4(0.0);
  for (int y = 0; y < factor; y++)
    for (int x = 0; x < factor; x++) {
      vec4 s = texelFetch(samples, flipped * factor + ivec2(x, y), 0);
      sum += vec4(s.rgb * s.rgb, s.a);
    }
  sum /= float(factor * factor);
  vec4 back = texelFetch(scenery, flipped, 0);
  vec3 base = back.rgb + (1.0 - back.a) * behind(pixel);
  color = vec4(srgb_from_linear(sum.rgb + (1.0 - sum.a) * base), 1.0);
}
