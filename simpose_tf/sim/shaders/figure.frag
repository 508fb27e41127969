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
  srgb *= texture(textures, vec3(texel, layer)).rgb;
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
