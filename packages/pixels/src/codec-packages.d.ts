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
  type Decoding = import('./codecs.ts').WasmFactory<'HTJ2KDecoder'>
  type Encoding = import('./encoders.ts').EncoderFactory<'HTJ2KEncoder', 'htj2k'>
  const factory: (
    options: import('./codecs.ts').WasmOptions,
  ) => Promise<Awaited<ReturnType<Decoding>> & Awaited<ReturnType<Encoding>>>
  export default factory
}
declare module '@cornerstonejs/codec-libjxl/decodewasmjs' {
  const factory: import('./codecs.ts').WasmFactory<'JpegXLDecoder'>
  export default factory
}
declare module '@cornerstonejs/codec-charls/wasmjs' {
  const factory: import('./encoders.ts').EncoderFactory<'JpegLSEncoder', 'jpeg-ls'>
  export default factory
}
declare module '@cornerstonejs/codec-openjpeg/wasmjs' {
  const factory: import('./encoders.ts').EncoderFactory<'J2KEncoder', 'jpeg-2000'>
  export default factory
}
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs' {
  const factory: import('./encoders.ts').EncoderFactory<'JPEGEncoder', 'jpeg'>
  export default factory
}
