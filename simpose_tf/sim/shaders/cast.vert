#version 330
// Into a shadow map.
uniform vec3 scale;     // light frame -> clip space of the cascade's part of the atlas
uniform vec3 offset;
#include frame.glsl
uniform vec3 moved;     // world: walls cast from behind themselves
in vec3 position;
in vec2 texture_uv;
out vec2 texel;
void main() {
  texel = texture_uv;
  vec3 p = mat3(light_from_world) * (position + moved) * scale + offset;
  gl_Position = vec4(p.xy, max(p.z, -1.0), 1.0);  // casters nearer to the sun than the map still cast
}
