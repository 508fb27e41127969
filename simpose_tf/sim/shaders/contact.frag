#version 330
in float height;
out vec4 touch;
void main() { touch = vec4(exp(-max(height, 0.0) / 0.15)); }
