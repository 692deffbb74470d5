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

/**
 * Two programs that run before the main one: early.ts, which asks for the first picture, and the one of the first paint, which
 * is no module because it must come before anything is drawn. Both get a hash in their names, so that no trip is spent on them.
 */
function firstPrograms(): Plugin {
  let isBuild = false
  return {
    name: 'first-programs',
    configResolved({ command }) {
      isBuild = command === 'build'
    },
    async buildStart() {
      if (!isBuild) return
      const source = await readFile(path.join(import.meta.dirname, 'src/first-paint.js'))
      this.emitFile({ type: 'asset', name: 'first-paint.js', source })
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const made = Object.values(bundle ?? {})
        const paint = made.find((one) => one.type === 'asset' && one.names.includes('first-paint.js'))
        const early = made.find((one) => one.type === 'chunk' && one.name === 'early')
        const module = (name: string) => ({ type: 'module', crossorigin: true, src: name })
        const preload = (name: string) => ({ rel: 'modulepreload', crossorigin: true, href: `/${name}` })
        const needed = new Set<string>()
        const need = (name: string): void => {
          const chunk = bundle?.[name]
          if (chunk?.type !== 'chunk') return
          for (const one of chunk.imports.filter((other) => !needed.has(other))) {
            needed.add(one)
            need(one)
          }
        }
        if (early) need(early.fileName)
        return [
          { tag: 'script', attrs: { src: paint ? `/${paint.fileName}` : '/src/first-paint.js' } },
          { tag: 'script', attrs: module(early ? `/${early.fileName}` : '/src/early.ts') },
          ...[...needed].map((name) => ({ tag: 'link', attrs: preload(name) })),
        ]
      },
    },
  }
}

/** What first-words.ts says, out of the catalogues. */
async function firstWords(): Promise<Record<string, { page: string; viewer: string }>> {
  const words = async (language: string): Promise<{ page: string; viewer: string }> => {
    const { common, viewer } = JSON.parse(
      await readFile(path.join(import.meta.dirname, `src/i18n/${language}.json`), 'utf8'),
    ) as { common: { loading: string }; viewer: { loadingViewer: string } }
    return { page: common.loading, viewer: viewer.loadingViewer }
  }
  return { en: await words('en'), de: await words('de') }
}

export default defineConfig({
  root: import.meta.dirname,
  define: { __FIRST_WORDS__: JSON.stringify(await firstWords()) },
  plugins: [react(), firstPrograms(), precompress()],
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
      input: {
        index: path.join(import.meta.dirname, 'index.html'),
        early: path.join(import.meta.dirname, 'src/early.ts'),
      },
      checks: { pluginTimings: false },
      // The codecs and Cornerstone ask for modules of Node in branches that a browser never takes.
      onLog(level, log, print) {
        if (!log.message.includes('has been externalized for browser compatibility')) print(level, log)
      },
    },
  },
})
