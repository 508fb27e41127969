#version 330
// Variants: SCENERY (linear colour, else square roots), GROUND (contacts darken it, and it fades far away).
#include light.glsl
uniform sampler2D tile;         // sRGB
uniform sampler3D noise_map;    // value noise, period 32 cells
uniform vec4 tint_roughness;    // linear
uniform vec3 mean_color;        // the tile from far away, linear: rows of equal tiles would show
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
  // Light and dark over a few tiles breaks the repetition.
  float cloud = 0.8 + 0.4 * texture(noise_map, vec3(at, 0.5) * (0.4 / 32.0)).r;
  vec3 far_off = mix(texture(tile, at).rgb, mean_color, 0.85 * smoothstep(5.0, 25.0, 1.0 / gl_FragCoord.w));
  vec3 albedo = far_off * tint_roughness.rgb * cloud;
#if GROUND
  vec2 near = world.xz * contact.xy + contact.zw;
  float close = max(textureLod(contact_map, near, 1.0).r, 1.5 * textureLod(contact_map, near, 2.5).r);
  float above = textureLod(contact_map, near, 3.0).g + textureLod(contact_map, near, 4.5).g;
  around *= (1.0 - 0.6 * min(close, 1.0)) * (1.0 - 0.75 * above / (above + 0.6));
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
