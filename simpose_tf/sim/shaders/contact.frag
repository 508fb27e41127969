#version 330
in float height;
out vec4 touch;
void main() {
  float h = max(height, 0.0);
  touch = vec4(exp(-h / 0.12), exp(-h / 1.2), 0.0, 0.0);   // soles; all that stands above
}
