// What is the same for every fragment of a picture (sim.frame packs it). World: metres, y up; linear colours.
layout(std140) uniform Frame {
  mat4 clip_from_world;
  mat4 camera_from_world;
  mat4 light_from_world;     // a rotation: z runs away from the sun
  vec4 eye;
  vec4 to_sun;
  vec4 sun_color;            // what the sun adds to a white surface that faces it
  vec4 irradiance[9];        // spherical harmonics of what the environment adds to a white surface
  vec4 cascade_scale[4];     // light frame -> the atlas of shadow maps [0, 1]^3; w: metres of a texel
  vec4 cascade_offset[4];
  vec4 cascade_window[4];    // the cascade's part of the atlas: x0, y0, x1, y1
  vec4 cascade_end;          // camera depth up to which each cascade serves
  vec4 contact;              // world x, z -> the map of contacts [0, 1]^2: scale x, y, offset x, y
};
