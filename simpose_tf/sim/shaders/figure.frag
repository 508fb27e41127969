#version 330
#include light.glsl
const int MAX_MATERIALS = 16;
uniform vec4 color_roughness[MAX_MATERIALS];   // sRGB, roughness
uniform vec4 pattern_color_scale[MAX_MATERIALS];
uniform int pattern[MAX_MATERIALS];            // 0 plain, 1 stripes, 2 checks, 3 mottled
in vec3 world;
in vec3 world_normal;
in vec3 rest_position;
in vec3 paint;
flat in int material_id;
out vec4 color;

float hash(vec3 p) {
  p = fract(p * 0.3183099 + vec3(0.71, 0.113, 0.419));
  p *= 17.0;
  return fract(p.x * p.y * p.z * (p.x + p.y + p.z));
}

float noise(vec3 p) {  // value noise
  vec3 i = floor(p), f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  vec2 o = vec2(0.0, 1.0);
  return mix(
    mix(mix(hash(i), hash(i + o.yxx), f.x), mix(hash(i + o.xyx), hash(i + o.yyx), f.x), f.y),
    mix(mix(hash(i + o.xxy), hash(i + o.yxy), f.x), mix(hash(i + o.xyy), hash(i + o.yyy), f.x), f.y), f.z);
}

float second_color(int kind, vec3 p) {
  if (kind == 1) return step(0.5, fract(p.y));
  if (kind == 2) return 0.5 * (step(0.5, fract(p.y)) + step(0.5, fract(p.x + p.z)));
  if (kind == 3) return smoothstep(0.35, 0.65, noise(2.0 * p));
  return 0.0;
}

void main() {
  vec4 look = color_roughness[material_id], second = pattern_color_scale[material_id];
  vec3 srgb = mix(look.rgb, second.rgb, second_color(pattern[material_id], rest_position / second.w));
  // Skin and cloth are never one flat colour: a few percent of cloudy brightness. Not in the paper.
  float cloud = 0.94 + 0.12 * noise(rest_position * 14.0);
  vec3 albedo = linear_from_srgb(clamp(srgb * paint * cloud, 0.0, 1.0));
  vec3 n = normalize(world_normal);
  color = vec4(shaded(albedo, look.w, world, gl_FrontFacing ? n : -n), 1.0);
}
