// Light from all around, as spherical harmonics of order 2.
#include frame.glsl

// Order as in Ramamoorthi and Hanrahan 2001, with our y up.
vec3 environment_irradiance(vec3 n) {
  vec3 sum = 0.282095 * irradiance[0].rgb + 0.488603 * (n.y * irradiance[1].rgb + n.z * irradiance[2].rgb + n.x * irradiance[3].rgb);
  sum += 1.092548 * (n.x * n.y * irradiance[4].rgb + n.y * n.z * irradiance[5].rgb + n.x * n.z * irradiance[7].rgb);
  sum += 0.315392 * (3.0 * n.z * n.z - 1.0) * irradiance[6].rgb + 0.546274 * (n.x * n.x - n.y * n.y) * irradiance[8].rgb;
  return max(sum, 0.0);
}

vec3 environment_along(vec3 d) {  // the first two bands: enough for a rough surface's reflection
  return max(0.282095 * irradiance[0].rgb + 0.488603 * (d.y * irradiance[1].rgb + d.z * irradiance[2].rgb + d.x * irradiance[3].rgb), 0.0);
}
