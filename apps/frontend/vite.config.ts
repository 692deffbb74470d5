import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const outDir = path.join(import.meta.dirname, 'dist')
const backend = process.env['INSTANDT_BACKEND'] ?? 'http://127.0.0.1:8080'

/** Compresses once at build what would otherwise be compressed at every request; the server picks the file. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    async closeBundle() {
      const names = await readdir(outDir, { recursive: true })
      // index.html gets a nonce at every request, so it is never sent from a compressed file.
      for (const name of names.filter((file) => /\.(js|css|svg|wasm)$/.test(file))) {
        const bytes = await readFile(path.join(outDir, name))
        if (bytes.byteLength < 1024) continue
        // Quality 11 takes minutes for the image codecs and saves 3 % over 9.
        const params = { [constants.BROTLI_PARAM_QUALITY]: bytes.byteLength > 500_000 ? 9 : 11 }
        await writeFile(path.join(outDir, `${name}.br`), await promisify(brotliCompress)(bytes, { params }))
        await writeFile(path.join(outDir, `${name}.gz`), await promisify(gzip)(bytes, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), precompress()],
  // Of the codecs the programs only: their wasm files are addressed as they lie.
  optimizeDeps: {
    include: [
      '@cornerstonejs/core',
      '@cornerstonejs/codec-charls/decodewasmjs',
      '@cornerstonejs/codec-libjxl/decodewasmjs',
      '@cornerstonejs/codec-openjpeg/decodewasmjs',
      '@cornerstonejs/codec-openjph/wasmjs',
      '@cornerstonejs/jpeg-lossless-decoder-js',
    ],
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: { '/api': backend, '/dicom-web': backend },
  },
  build: {
    outDir,
    emptyOutDir: true,
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    chunkSizeWarningLimit: 4000,
    assetsInlineLimit: 0,
    rolldownOptions: {
      checks: { pluginTimings: false },
      // The codecs and Cornerstone ask for modules of Node in branches that a browser never takes.
      onLog(level, log, print) {
        if (!log.message.includes('has been externalized for browser compatibility')) print(level, log)
      },
    },
  },
})
