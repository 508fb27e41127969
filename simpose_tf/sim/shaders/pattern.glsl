// Patterns of cloth, painted in lengths of cloth, and noise in the rest pose's frame, so that they move with it.
// `second_color` returns the share of the second colour in [0, 1]. Edges are as wide as a sample; patterns finer than a
// sample fade to their mean.
#if PATTERN
uniform sampler3D noise_map;   // value noise, period 32 cells

float band(float x) {  // 0 for half a period, 1 for the other half
  float width = clamp(fwidth(x), 1e-4, 1.0);
  float wave = abs(fract(x) - 0.5) * 2.0;
  return mix(clamp((wave - 0.5) / (2.0 * width) + 0.5, 0.0, 1.0), 0.5, smoothstep(0.4, 1.0, width));
}

vec2 hash2(vec2 cell) {
  vec3 p = fract(cell.xyx * vec3(0.1031, 0.1030, 0.0973));
  p += dot(p, p.yzx + 33.33);
  return fract((p.xx + p.yz) * p.zy);
}

float motif(vec2 at) {  // flowers and dots, one in a cell, in odd rows moved by half a cell
  at.x += 0.5 * mod(floor(at.y), 2.0);
  vec2 cell = floor(at), luck = hash2(cell);
  vec2 d = fract(at) - 0.5 - 0.16 * (luck - 0.5);
  float angle = atan(d.y, d.x) + 6.2831853 * luck.x;
  float petals = luck.y < 0.7 ? 0.26 + 0.09 * cos(5.0 * angle) : 0.13;
  float r = length(d), width = clamp(fwidth(at.y), 1e-4, 1.0);
  float edge = min(width, 0.2);  // a softer motif would fill its cell
  float inside = clamp((petals - r) / edge + 0.5, 0.0, 1.0) * clamp((r - 0.07) / edge + 0.5, 0.0, 1.0);
  return mix(inside, 0.2, smoothstep(0.4, 1.0, width));
}

// p: rest position; cloth: across and along; metres.
float second_color(vec3 p, vec2 cloth, float period) {
  vec2 at = cloth / period;
#if PATTERN == 1
  return band(at.y);
#elif PATTERN == 2
  return 0.5 * (band(at.y) + band(at.x));
#elif PATTERN == 3
  return smoothstep(0.35, 0.65, texture(noise_map, 2.0 / 32.0 * p / period).r);
#elif PATTERN == 4
  return motif(at);
#else  // denim: twill of a few threads to the millimetre, worn lighter in places
  float twill = band((cloth.x + cloth.y) / 0.0045);
  float worn = texture(noise_map, p * (9.0 / 32.0)).r, fine = texture(noise_map, cloth.xyx * vec3(220.0, 40.0, 0.0) / 32.0).r;
  return clamp(0.1 + 0.35 * twill + 0.5 * smoothstep(0.45, 0.9, worn) + 0.3 * (fine - 0.5), 0.0, 1.0);
#endif
}
#endif
