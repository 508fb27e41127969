#version 330
// One material of one person. The variants are compiled with PATTERN (an index of figure.PATTERNS), TEXTURED, CUTOUT.
#include light.glsl
#include pattern.glsl
uniform vec4 color_roughness;        // sRGB, roughness
uniform vec4 pattern_color_scale;    // sRGB, period in metres
uniform float metallic;
#if TEXTURED
uniform sampler2DArray textures;
uniform float layer;
uniform float hue_shift;             // of the circle; as people_buffers.turn_hue: lightness and saturation stay

vec3 hue_turned(vec3 c) {
  float high = max(c.r, max(c.g, c.b)), low = min(c.r, min(c.g, c.b)), range = high - low;
  if (hue_shift == 0.0 || range < 1e-5) return c;
  float sixths = high == c.r ? (c.g - c.b) / range : high == c.g ? 2.0 + (c.b - c.r) / range : 4.0 + (c.r - c.g) / range;
  vec3 pure = clamp(abs(mod(sixths + 6.0 * hue_shift + vec3(0.0, 4.0, 2.0), 6.0) - 3.0) - 1.0, 0.0, 1.0);
  return low + range * pure;
}
#endif
in vec3 world;
in vec3 world_normal;
in vec3 ambient;
in vec3 paint;
in vec3 rest_position;
in vec2 cloth_place;
in vec2 texel;
out vec4 color;

void main() {
  vec3 srgb = color_roughness.rgb;
#if PATTERN
  srgb = mix(srgb, pattern_color_scale.rgb, second_color(rest_position, cloth_place, pattern_color_scale.w));
#endif
#if TEXTURED
#if CUTOUT
  if (textureLod(textures, vec3(texel, layer), 0.0).a < 0.5) discard;
#endif
  srgb = hue_turned(srgb * texture(textures, vec3(texel, layer)).rgb);
#endif
  vec3 albedo = linear_from_srgb(min(srgb * paint, 1.0));
  vec3 n = normalize(world_normal);
  vec3 around = ambient;
  if (!gl_FrontFacing) {  // the inside of a sleeve or a hem: little light gets there
    n = -n;
    around *= 0.5;
  }
  color = encoded(shaded(albedo, color_roughness.w, metallic, around, world, n, 1.0 / gl_FragCoord.w));
}
