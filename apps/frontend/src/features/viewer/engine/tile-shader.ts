/** How samples lie in a texture: the values themselves, never made lighter or rounded on the way. */
export interface SampleKind {
  name: string
  internal: (gl: WebGL2RenderingContext) => number
  format: (gl: WebGL2RenderingContext) => number
  type: (gl: WebGL2RenderingContext) => number
  sampler: 'usampler2D' | 'isampler2D' | 'sampler2D'
  components: 1 | 3
}

/** One number a pixel. */
const grey = (
  name: 'R8UI' | 'R16UI' | 'R16I' | 'R32F',
  type: 'UNSIGNED_BYTE' | 'UNSIGNED_SHORT' | 'SHORT' | 'FLOAT',
  sampler: SampleKind['sampler'],
): SampleKind => ({
  name,
  internal: (gl) => gl[name],
  format: (gl) => (name === 'R32F' ? gl.RED : gl.RED_INTEGER),
  type: (gl) => gl[type],
  sampler,
  components: 1,
})

const colour: SampleKind = {
  name: 'RGB8UI',
  internal: (gl) => gl.RGB8UI,
  format: (gl) => gl.RGB_INTEGER,
  type: (gl) => gl.UNSIGNED_BYTE,
  sampler: 'usampler2D',
  components: 3,
}

const kinds = {
  byte: grey('R8UI', 'UNSIGNED_BYTE', 'usampler2D'),
  word: grey('R16UI', 'UNSIGNED_SHORT', 'usampler2D'),
  signed: grey('R16I', 'SHORT', 'isampler2D'),
  float: grey('R32F', 'FLOAT', 'sampler2D'),
}

export function sampleKindOf(pixels: ArrayBufferView, components: 1 | 3): SampleKind {
  if (components === 3) return colour
  if (pixels instanceof Uint8Array) return kinds.byte
  if (pixels instanceof Uint16Array) return kinds.word
  return pixels instanceof Int16Array ? kinds.signed : kinds.float
}

const vertexSource = `#version 300 es
void main() {
  // One triangle that covers the canvas.
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}`

/**
 * Every pixel of the screen looks for its image point in the level that is wanted, then in the one drawn before, then in the
 * overview. Textures of whole numbers cannot be filtered by the card, so that is done here, across the borders of tiles.
 */
const fragmentSource = ({ sampler, components }: SampleKind): string => {
  const [value, swizzle] = components === 3 ? ['vec3', 'rgb'] : ['float', 'r']
  return `#version 300 es
precision highp float;
precision highp int;
precision highp ${sampler};
precision highp usampler2D;

// Image point of the canvas's top left corner, and how far it is to the next pixel right and down.
uniform vec2 origin;
uniform vec2 right;
uniform vec2 down;
uniform float canvasHeight;
uniform vec2 imageSize;

uniform ${sampler} overview;
uniform ivec2 overviewSize;
// Image pixels: in the middle of its first pixel, and to the next.
uniform vec2 overviewPlace;

// Edge of a tile in pixels of the level, cells across and down of its texture (0: none), how often it is halved.
uniform ${sampler} fine;
uniform usampler2D fineHere;
uniform ivec4 fineLayout;
uniform ivec2 fineSize;
uniform ${sampler} before;
uniform usampler2D beforeHere;
uniform ivec4 beforeLayout;
uniform ivec2 beforeSize;

// Values shown black, and how far it is to white.
uniform vec2 range;
uniform bool isInverted;
uniform bool isSmooth;
// Looks along each edge of a screen pixel, where it covers many of the texture's.
uniform int looks;
out vec4 colour;

bool isHere(usampler2D here, ivec2 tile) {
  return texelFetch(here, tile, 0).r != 0u;
}

${value} texelOf(${sampler} level, ivec4 layout_, ivec2 at) {
  ivec2 tile = at / layout_.x;
  ivec2 cell = tile - tile / layout_.yz * layout_.yz;
  return ${value}(texelFetch(level, cell * layout_.x + at - tile * layout_.x, 0).${swizzle});
}

bool levelAt(${sampler} level, usampler2D here, ivec4 layout_, ivec2 size, vec2 point, out ${value} found) {
  if (layout_.y == 0) return false;
  vec2 at = point / float(1 << layout_.w);
  ivec2 last = size - 1;
  if (!isSmooth) {
    ivec2 one = clamp(ivec2(floor(at + 0.5)), ivec2(0), last);
    if (!isHere(here, one / layout_.x)) return false;
    found = texelOf(level, layout_, one);
    return true;
  }
  vec2 corner = floor(at);
  ivec2 low = clamp(ivec2(corner), ivec2(0), last);
  ivec2 high = clamp(ivec2(corner) + 1, ivec2(0), last);
  ivec2 lowTile = low / layout_.x;
  ivec2 highTile = high / layout_.x;
  if (!isHere(here, lowTile)) return false;
  if (lowTile != highTile && !(isHere(here, highTile) && isHere(here, ivec2(highTile.x, lowTile.y)) && isHere(here, ivec2(lowTile.x, highTile.y))))
    return false;
  vec2 part = at - corner;
  found = mix(
    mix(texelOf(level, layout_, low), texelOf(level, layout_, ivec2(high.x, low.y)), part.x),
    mix(texelOf(level, layout_, ivec2(low.x, high.y)), texelOf(level, layout_, high), part.x),
    part.y
  );
  return true;
}

${value} overviewAt(vec2 point) {
  vec2 at = (point - overviewPlace.x) / overviewPlace.y;
  vec2 corner = floor(at);
  ivec2 last = overviewSize - 1;
  ivec2 low = clamp(ivec2(corner), ivec2(0), last);
  ivec2 high = clamp(ivec2(corner) + 1, ivec2(0), last);
  vec2 part = at - corner;
  ${value} a = ${value}(texelFetch(overview, low, 0).${swizzle});
  ${value} b = ${value}(texelFetch(overview, ivec2(high.x, low.y), 0).${swizzle});
  ${value} c = ${value}(texelFetch(overview, ivec2(low.x, high.y), 0).${swizzle});
  ${value} d = ${value}(texelFetch(overview, high, 0).${swizzle});
  return mix(mix(a, b, part.x), mix(c, d, part.x), part.y);
}

${value} valueAt(vec2 point) {
  ${value} found;
  if (levelAt(fine, fineHere, fineLayout, fineSize, point, found)) return found;
  if (levelAt(before, beforeHere, beforeLayout, beforeSize, point, found)) return found;
  return overviewAt(point);
}

void main() {
  vec2 pixel = vec2(gl_FragCoord.x, canvasHeight - gl_FragCoord.y);
  vec2 middle = origin + right * pixel.x + down * pixel.y;
  if (any(lessThan(middle, vec2(-0.5))) || any(greaterThanEqual(middle, imageSize - 0.5))) {
    colour = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  ${value} sum = ${value}(0.0);
  for (int y = 0; y < looks; y += 1) {
    for (int x = 0; x < looks; x += 1) {
      vec2 within = (vec2(x, y) + 0.5) / float(looks) - 0.5;
      sum += valueAt(middle + right * within.x + down * within.y);
    }
  }
  vec3 bright = vec3(clamp((sum / float(looks * looks) - range.x) / range.y, 0.0, 1.0));
  colour = vec4(isInverted ? 1.0 - bright : bright, 1.0);
}`
}

const uniformNames = [
  'origin',
  'right',
  'down',
  'canvasHeight',
  'imageSize',
  'overview',
  'overviewSize',
  'overviewPlace',
  'fine',
  'fineHere',
  'fineLayout',
  'fineSize',
  'before',
  'beforeHere',
  'beforeLayout',
  'beforeSize',
  'range',
  'isInverted',
  'isSmooth',
  'looks',
] as const
export type Uniforms = Record<(typeof uniformNames)[number], WebGLUniformLocation | null>

export interface TileProgram {
  program: WebGLProgram
  uniforms: Uniforms
}

/** What most images have: 16 bits without a sign. */
export const usualKind = kinds.word

/** Begins to compile; asking how that went would wait for it. */
export function beginProgram(gl: WebGL2RenderingContext, kind: SampleKind): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertexSource],
    [gl.FRAGMENT_SHADER, fragmentSource(kind)],
  ] as const) {
    const shader = gl.createShader(type)!
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  return program
}

/** @throws {Error} with the compiler's words */
export function finishProgram(gl: WebGL2RenderingContext, program: WebGLProgram): TileProgram {
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const logs = gl.getAttachedShaders(program)?.map((shader) => gl.getShaderInfoLog(shader)) ?? []
    throw new Error([gl.getProgramInfoLog(program), ...logs].filter(Boolean).join('\n'))
  }
  const uniforms = Object.fromEntries(uniformNames.map((name) => [name, gl.getUniformLocation(program, name)]))
  return { program, uniforms: uniforms as Uniforms }
}
