// `npm start [-- --demo]`
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { collectBuffersSeldom, createLogger, onShutdown, readConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'
import { loadDemo } from './load-demo.ts'
import { builtPages, startStandalone } from './start-standalone.ts'

collectBuffersSeldom()
const { values } = parseArgs({ options: { demo: { type: 'boolean', default: false } } })
const config = readConfig(configSchema)
const log = createLogger({ name: 'standalone', level: config.LOG_LEVEL })
const dataDir = path.resolve(config.INSTANDT_DATA)
await mkdir(dataDir, { recursive: true })

const { PORT, INSTANDT_DATA: _data, LOG_LEVEL: _level, ...settings } = config
const standalone = await startStandalone({ dataDir, port: PORT, log, settings, pagesDir: builtPages }).catch(
  (error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EADDRINUSE') log.fatal(`port ${config.PORT} is taken; set PORT to another one`)
    else log.fatal({ err: error }, 'the start failed')
    process.exit(1)
  },
)
onShutdown(log, [{ name: 'instaNDT', run: () => standalone.stop() }])
if (values.demo) await loadDemo(standalone, log)
const { setupLink } = standalone.backend
if (setupLink !== undefined)
  process.stdout.write(`\n  Nobody can sign in yet. Make the first administrator here (good once):\n  ${setupLink}\n`)
process.stdout.write(`\n  instaNDT is ready: ${standalone.url}\n  Data: ${dataDir}\n  Ctrl-C ends it.\n\n`)
