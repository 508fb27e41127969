#version 330
#if CUTOUT
uniform sampler2DArray textures;
uniform float layer;
in vec2 texel;
void main() {
  if (textureLod(textures, vec3(texel, layer), 0.0).a < 0.5) discard;
}
#else
void main() {}
#endif
