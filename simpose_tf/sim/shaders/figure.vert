#version 330
// One person: posed on the CPU, in world coordinates.
#include environment.glsl
in vec3 position;
in vec3 normal;
in vec3 rest;         // rest position, metres: where noise is painted
in vec2 cloth;        // metres across and along the cloth: where its pattern is painted
in vec3 shade;
in vec2 texture_uv;
out vec3 world;
out vec3 world_normal;
out vec3 ambient;
out vec3 paint;
out vec3 rest_position;
out vec2 cloth_place;
out vec2 texel;
void main() {
  world = position;
  world_normal = normal;
  ambient = environment_irradiance(normal);
  paint = shade;
  rest_position = rest;
  cloth_place = cloth;
  texel = texture_uv;
  gl_Position = clip_from_world * vec4(position, 1.0);
}
