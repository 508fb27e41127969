#version 330
#include frame.glsl
uniform vec2 shift;   // to the sample points, clip space
in vec3 position;
in vec3 normal;
in vec2 uv;
in float part;
in vec2 texture_uv;
out vec3 camera_normal;
out vec2 chart_uv;
out vec2 texel;
flat out float chart_part;
void main() {
  camera_normal = mat3(camera_from_world) * normal;
  chart_uv = uv;
  chart_part = part;
  texel = texture_uv;
  gl_Position = clip_from_world * vec4(position, 1.0);
  gl_Position.xy += shift * gl_Position.w;
}
