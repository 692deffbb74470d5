// Commands on this machine's own database and files.
import path from 'node:path'
import { configSchema as backendConfig, openDeps, runCommand } from '@instandt/backend'
import { createLogger, readConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'
import { openDatabase, ownSettings } from './start-standalone.ts'

/** @returns the exit code */
export async function runOwnCommand(args: string[], print: (text: string) => void): Promise<number> {
  const config = readConfig(configSchema)
  const log = createLogger({ name: 'instandt', level: 'warn', destination: process.stderr })
  const dataDir = path.resolve(config.INSTANDT_DATA)
  const open = async () => {
    const database = await openDatabase(dataDir, log)
    const { deps, close } = await openDeps(
      backendConfig.parse({ ...(await ownSettings(dataDir)), DATABASE_URL: database.appUrl }),
      log,
    )
    return {
      deps,
      async close() {
        await close()
        await database.stop()
      },
    }
  }
  return runCommand(args, open, print).catch((error: unknown) => {
    log.fatal({ err: error }, 'the command failed')
    return 1
  })
}
