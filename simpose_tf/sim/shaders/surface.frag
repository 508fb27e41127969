#version 330
// Variants: SCENERY (linear colour, else square roots), GROUND (contacts darken it, and it fades far away).
#include light.glsl
uniform sampler2D tile;         // sRGB
uniform vec4 tint_roughness;    // linear
uniform float metallic;
#if GROUND
uniform sampler2D contact_map;
uniform vec2 fade;              // metres: where the ground begins and ends to fade
#endif
in vec3 world;
in vec3 world_normal;
in vec3 ambient;
in vec2 at;
out vec4 color;
void main() {
  vec3 n = normalize(world_normal);
  vec3 around = ambient;
  if (!gl_FrontFacing) {
    n = -n;
    around = environment_irradiance(n);
  }
  // The tile's own mean, a few tiles wide, breaks the repetition.
  float cloud = textureLod(tile, at * 0.137, 3.0).g / max(textureLod(tile, at, 20.0).g, 0.02);
  vec3 albedo = texture(tile, at).rgb * tint_roughness.rgb * mix(1.0, cloud, 0.35);
#if GROUND
  vec2 near = world.xz * contact.xy + contact.zw;
  float touch = 0.5 * textureLod(contact_map, near, 2.0).r + 0.5 * textureLod(contact_map, near, 4.0).r;
  around *= 1.0 - 0.75 * touch;
#endif
  vec3 c = shaded(min(albedo, 1.0), tint_roughness.w, metallic, around, world, n, 1.0 / gl_FragCoord.w);
#if SCENERY
  color = vec4(toned(c), 1.0);
#else
  color = encoded(c);
#endif
#if GROUND
  color *= 1.0 - smoothstep(fade.x, fade.y, distance(world, eye.xyz));
#endif
}
