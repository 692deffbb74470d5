// The codec packages come without types; this is what we call of them. A declaration of a package cannot import at its
// top without becoming a module itself.
// oxlint-disable typescript/consistent-type-imports
declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  const factory: import('./codecs.ts').WasmFactory<'JpegLSDecoder'>
  export default factory
}
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  const factory: import('./codecs.ts').WasmFactory<'J2KDecoder'>
  export default factory
}
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  const factory: import('./codecs.ts').WasmFactory<'HTJ2KDecoder'>
  export default factory
}
declare module '@cornerstonejs/codec-libjxl/decodewasmjs' {
  const factory: import('./codecs.ts').WasmFactory<'JpegXLDecoder'>
  export default factory
}
