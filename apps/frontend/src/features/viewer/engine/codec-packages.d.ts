// The codec packages come without types; this is what we call of them.
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
declare module '*?url' {
  const address: string
  export default address
}
