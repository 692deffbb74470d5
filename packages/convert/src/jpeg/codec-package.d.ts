// The package comes without types; this is what is called of it.
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  interface JpegDecoder {
    getEncodedBuffer(byteLength: number): Uint8Array
    getDecodedBuffer(): Uint8Array
    decode(): void
    getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number }
    delete(): void
  }
  interface JpegModule {
    JPEGDecoder: new () => JpegDecoder
  }
  const factory: (options: { print?: (text: string) => void; printErr?: (text: string) => void }) => Promise<JpegModule>
  export default factory
}
