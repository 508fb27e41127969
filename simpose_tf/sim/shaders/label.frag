#version 330
// Float labels at pixel centres, from the same triangles and the same depth test as the colours.
uniform float person;   // 0: a prop, which hides people
#if CUTOUT
uniform sampler2DArray textures;
uniform float layer;
#endif
in vec3 camera_normal;
in vec2 chart_uv;
in vec2 texel;
flat in float chart_part;
layout(location = 0) out vec4 person_part_uv;
layout(location = 1) out vec4 normal_depth;
void main() {
#if CUTOUT
  if (textureLod(textures, vec3(texel, layer), 0.0).a < 0.5) discard;
#endif
  if (person == 0.0) {
    person_part_uv = normal_depth = vec4(0.0);
    return;
  }
  person_part_uv = vec4(person, chart_part, clamp(chart_uv, 0.0, 1.0));
  vec3 n = normalize(camera_normal);
  normal_depth = vec4(gl_FrontFacing ? n : -n, 1.0 / gl_FragCoord.w);  // the inside of an open hem faces us, too
}
