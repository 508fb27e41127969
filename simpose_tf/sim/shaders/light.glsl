// Sun with cascaded shadow maps, environment light, PBR of rough surfaces (SimPose sec. 5.1: low metallic and
// smoothness). Linear colour throughout.
#include environment.glsl
uniform sampler2DShadow shadow_map;

vec3 linear_from_srgb(vec3 c) {  // a polynomial within 0.003 of the standard's power, at a third of its cost
  return c * (c * (c * 0.305306011 + 0.682171111) + 0.012522878);
}

// Returns the lit share of the sun at a point of the world, with percentage-closer filtering.
float sunlight(vec3 world, vec3 n, float depth) {
  int i = int(depth > cascade_end.x) + int(depth > cascade_end.y) + int(depth > cascade_end.z);
  vec4 scale = cascade_scale[i], window = cascade_window[i];
  vec3 moved = world + (0.004 + 1.5 * scale.w) * n;  // off the surface, or it shadows itself
  vec3 p = (mat3(light_from_world) * moved) * scale.xyz + cascade_offset[i].xyz;
  if (any(lessThan(p.xy, window.xy)) || any(greaterThan(p.xy, window.zw))) return 1.0;
  // A disk of 4 points, turned from pixel to pixel; its size in metres is the same in all cascades.
  float turn = 6.2831853 * fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
  vec2 radius = max(0.012, 1.2 * scale.w) * scale.xy;
  vec2 a = vec2(cos(turn), sin(turn)), b = vec2(-a.y, a.x);
  float z = min(p.z, 1.0);
  float lit = texture(shadow_map, vec3(p.xy + radius * 0.45 * a, z)) + texture(shadow_map, vec3(p.xy - radius * 0.7 * a, z));
  lit += texture(shadow_map, vec3(p.xy + radius * 0.9 * b, z)) + texture(shadow_map, vec3(p.xy - radius * b, z));
  return 0.25 * lit;
}

// Lambert's diffuse light and a GGX highlight (Karis 2013's F0; the visibility term of Jimenez for rough surfaces).
//   ambient: what the environment adds to a white surface here; depth: along the camera's axis, metres.
vec3 shaded(vec3 albedo, float roughness, float metallic, vec3 ambient, vec3 world, vec3 n, float depth) {
  vec3 to_eye = normalize(eye.xyz - world);
  vec3 f0 = mix(vec3(0.04), albedo, metallic);
  vec3 matt = albedo * (1.0 - metallic);
  float n_v = clamp(dot(n, to_eye), 0.0, 1.0);
  float grazing = 1.0 - n_v;
  grazing *= grazing * grazing;
  vec3 f = f0 + (max(vec3(1.0 - roughness), f0) - f0) * grazing * grazing;
  vec3 color = matt * ambient + f * (1.0 - 0.6 * roughness) * environment_along(reflect(-to_eye, n));
  float n_l = dot(n, to_sun.xyz);
  vec3 half_way = normalize(to_sun.xyz + to_eye);
  float a = roughness * roughness, n_h = clamp(dot(n, half_way), 0.0, 1.0), l_h = dot(half_way, to_sun.xyz);
  float d = n_h * n_h * (a * a - 1.0) + 1.0;
  float highlight = a * a / (d * d * max(l_h * l_h, 0.1) * (4.0 * roughness + 2.0));
  float lit = n_l > 0.0 ? n_l * sunlight(world, n, depth) : 0.0;
  return color + (matt + f0 * min(highlight, 8.0)) * sun_color.rgb * lit;
}

// Exposed light in [0, inf) -> [0, 1): a line, then a shoulder, as a photograph keeps its bright parts.
vec3 toned(vec3 c) {
  vec3 over = max(c - 0.7, 0.0);
  return min(c, 0.7) + 0.3 * (over / (over + 0.3));
}

vec4 encoded(vec3 c) {  // square roots survive 8 bits
  return vec4(sqrt(clamp(toned(c), 0.0, 1.0)), 1.0);
}
