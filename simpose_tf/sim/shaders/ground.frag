#version 330
#include light.glsl
uniform vec3 ground;    // sRGB
uniform vec3 horizon;   // sRGB of the plain background: far ground fades into it
in vec3 world;
out vec4 color;
void main() {
  float far = smoothstep(8.0, 40.0, distance(world, eye));
  vec3 near_color = shaded(linear_from_srgb(ground), 1.0, world, vec3(0.0, 1.0, 0.0));
  color = vec4(mix(near_color, linear_from_srgb(horizon), far), 1.0);
}
