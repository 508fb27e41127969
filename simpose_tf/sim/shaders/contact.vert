#version 330
// People and props seen from below the ground: how near to it they are.
#include frame.glsl
in vec3 position;
out float height;
void main() {
  height = position.y;
  gl_Position = vec4(2.0 * (position.xz * contact.xy + contact.zw) - 1.0, position.y / 2.0 - 1.0, 1.0);
}
