// `npm run -s ops -- <command>`: from an administrator's machine or a pipeline.
import { readConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'
import { runOps } from './run-ops.ts'

process.exitCode = await runOps(process.argv.slice(2), readConfig(configSchema), {
  print: (text) => process.stdout.write(text),
  say: (line) => process.stderr.write(`${line}\n`),
})
