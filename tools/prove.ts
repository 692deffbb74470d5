// `npm run prove <name>`: one heavy proof at full size. `npm test` runs the same code scaled down.
import { globSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { browserEnv, needsBrowser } from './chromium.ts'
import { bringFor } from './debian.ts'
import { startTestServers } from './servers.ts'

interface Proof {
  prove: (options: { scale: 'full' | 'small' }) => Promise<void>
}

const folder = path.join(import.meta.dirname, 'prove')
/** Shared by proofs, none themselves. */
const shared = new Set(['child-backend.ts', 'cut-store.ts', 'large-source.ts', 'load.ts', 'platform.ts'])
const names = globSync('*.ts', { cwd: folder })
  .filter((file) => !file.endsWith('.test.ts') && !shared.has(file))
  .map((file) => path.basename(file, '.ts'))
  .sort()
const [name = '', size = 'full'] = process.argv.slice(2)
if (!names.includes(name) || (size !== 'full' && size !== 'small')) {
  process.stderr.write(`usage: npm run prove <name> [full|small], with a name of: ${names.join(', ')}\n`)
  process.exit(2)
}
bringFor([`prove/${name}.ts`])
const servers = await startTestServers()
Object.assign(process.env, servers.env, needsBrowser([`prove/${name}.ts`]) ? browserEnv() : {})
try {
  const { prove } = (await import(pathToFileURL(path.join(folder, `${name}.ts`)).href)) as Proof
  const started = performance.now()
  await prove({ scale: size })
  process.stdout.write(`${name}: proven in ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
} finally {
  await servers.stop()
}
process.exit()
