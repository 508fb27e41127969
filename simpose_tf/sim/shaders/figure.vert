#version 330
// One person: posed on the CPU, in world coordinates.
uniform mat4 clip_from_world;
in vec3 position;
in vec3 normal;
in vec3 rest;       // rest position, metres: where the cloth's pattern is painted
in vec2 uv;
in float part;
in float material;
in vec3 shade;
out vec3 world;
out vec3 world_normal;
out vec3 rest_position;
out vec3 paint;
out vec2 chart_uv;
flat out float chart_part;
flat out int material_id;
void main() {
  world = position;
  world_normal = normal;
  rest_position = rest;
  paint = shade;
  chart_uv = uv;
  chart_part = part;
  material_id = int(material + 0.5);
  gl_Position = clip_from_world * vec4(position, 1.0);
}
