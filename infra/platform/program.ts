// Pulumi's entry of the slow stack.
import { readFileSync } from 'node:fs'
import { checkAccount } from '../src/account.ts'
import { platform } from '../src/platform.ts'
import { readPlatformConfig } from '../src/read-config.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const settings = readPlatformConfig()
await checkAccount(settings)

export const { deployment } = platform(settings, version)
