#version 330
// Average the samples of a pixel in linear colour over the background, then encode as sRGB: decode first,
// filter, encode last. Rows turn here: the output's first row is the picture's top.
uniform sampler2D samples;      // linear RGB premultiplied by coverage, coverage
uniform sampler2D background;   // sRGB, first row is the top
uniform int factor;
out vec4 color;
vec3 linear_from_srgb(vec3 c) {
  return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c));
}
vec3 srgb_from_linear(vec3 c) {
  c = clamp(c, 0.0, 1.0);
  return mix(12.92 * c, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
void main() {
  ivec2 pixel = ivec2(gl_FragCoord.xy);
  ivec2 first = ivec2(pixel.x, textureSize(background, 0).y - 1 - pixel.y) * factor;
  vec4 sum = vec4(0.0);
  for (int y = 0; y < factor; y++)
    for (int x = 0; x < factor; x++) {
      vec4 s = texelFetch(samples, first + ivec2(x, y), 0);
      sum += vec4(min(s.rgb, 1.0), s.a);
    }
  sum /= float(factor * factor);
  vec3 behind = linear_from_srgb(texelFetch(background, pixel, 0).rgb);
  color = vec4(srgb_from_linear(sum.rgb + (1.0 - sum.a) * behind), 1.0);
}
