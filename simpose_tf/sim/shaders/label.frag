#version 330
// Float labels at pixel centres, from the same triangles and the same depth test as the colours.
uniform float person;
uniform mat4 camera_from_world;
in vec3 world;
in vec3 world_normal;
in vec2 chart_uv;
flat in float chart_part;
layout(location = 0) out vec4 person_part_uv;
layout(location = 1) out vec4 normal_depth;
void main() {
  mat3 rotation = mat3(camera_from_world);
  float depth = (camera_from_world * vec4(world, 1.0)).z;
  person_part_uv = vec4(person, chart_part, clamp(chart_uv, 0.0, 1.0));
  vec3 n = normalize(rotation * world_normal);
  normal_depth = vec4(gl_FrontFacing ? n : -n, depth);  // the inside of an open hem faces us, too
}
