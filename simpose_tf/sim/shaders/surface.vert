#version 330
// Ground, walls and props: tiles on flat surfaces, in world coordinates.
#include environment.glsl
in vec3 position;
in vec3 normal;
in vec2 tile_uv;
out vec3 world;
out vec3 world_normal;
out vec3 ambient;
out vec2 at;
void main() {
  world = position;
  world_normal = normal;
  ambient = environment_irradiance(normal);
  at = tile_uv;
  gl_Position = clip_from_world * vec4(position, 1.0);
}
