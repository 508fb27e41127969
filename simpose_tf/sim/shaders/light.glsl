// Sun with a shadow map, sky and ground as ambient light; rough dielectrics (SimPose sec. 5.1: PBR, low
// metallic and smoothness). Linear colour throughout.
uniform vec3 eye;
uniform vec3 to_sun;
uniform vec3 sun_color;
uniform vec3 sky_color;
uniform vec3 ground_color;
uniform mat4 shadow_from_world;
uniform sampler2DShadow shadow_map;

vec3 linear_from_srgb(vec3 c) {
  return mix(c / 12.92, pow((max(c, 0.0) + 0.055) / 1.055, vec3(2.4)), step(0.04045, c));
}

float sunlight(vec3 world, vec3 n) {
  vec3 p = (shadow_from_world * vec4(world + 0.015 * n, 1.0)).xyz;
  if (any(lessThan(p, vec3(0.0))) || any(greaterThan(p, vec3(1.0)))) return 1.0;
  vec2 texel = 1.0 / vec2(textureSize(shadow_map, 0));
  float lit = 0.0;
  for (int i = 0; i < 4; i++) {
    vec2 d = (vec2(float(i % 2), float(i / 2)) - 0.5) * 1.5;
    lit += texture(shadow_map, vec3(p.xy + d * texel, p.z - 0.0008));
  }
  return 0.25 * lit;
}

// Lambert's diffuse and a GGX highlight with F0 = 0.04.
vec3 shaded(vec3 albedo, float roughness, vec3 world, vec3 n) {
  vec3 to_eye = normalize(eye - world);
  float n_l = max(dot(n, to_sun), 0.0);
  vec3 half_way = normalize(to_sun + to_eye);
  float a = roughness * roughness;
  float d = dot(n, half_way) * dot(n, half_way) * (a * a - 1.0) + 1.0;
  float fresnel = 0.04 + 0.96 * pow(1.0 - max(dot(half_way, to_eye), 0.0), 5.0);
  float highlight = a * a / (4.0 * d * d) * fresnel;
  vec3 ambient = mix(ground_color, sky_color, 0.5 + 0.5 * n.y);
  float lit = n_l > 0.0 ? sunlight(world, n) : 0.0;
  return albedo * (ambient + sun_color * n_l * lit) + sun_color * highlight * n_l * lit;
}
