// `node src/pulumi-yaml.ts --write`: declares in Pulumi.yaml every key the programs know; without --write it prints them.
import { writeFileSync } from 'node:fs'
import type { z } from 'zod'
import { releaseKeys } from './deployment.ts'
import { defaultsOf } from './presets.ts'
import { platformProject, releaseProject } from './read-config.ts'
import { isSecretKey, type SettingsKey } from './settings.ts'
import { settingsKeys } from './settings-keys.ts'

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

function project(name: string, description: string, keys: Record<string, z.ZodType>): string {
  const isPlatform = name === platformProject
  const lines = Object.entries(keys).flatMap(([key, schema]) => {
    const hasDefault = schema.safeParse(undefined).success || (isPlatform && key in defaultsOf('production'))
    return [
      `  ${key}:`,
      '    type: string',
      `    description: ${quote(schema.description ?? '')}`,
      ...(hasDefault ? ["    default: ''"] : []),
      ...(isPlatform && isSecretKey(key as SettingsKey) ? ['    secret: true'] : []),
    ]
  })
  return `# Made by src/pulumi-yaml.ts. An empty default means: the preset's value, or none.
name: ${name}
description: ${quote(description)}
main: program.ts
runtime:
  name: nodejs
  options:
    # Node runs TypeScript by itself.
    typescript: false
    packagemanager: npm
config:
${lines.join('\n')}
`
}

/** Contents of the two project files by folder. */
export const projectFiles: Record<'platform' | 'release', string> = {
  platform: project(platformProject, 'instaNDT, the slow part: everything but the two apps', settingsKeys),
  release: project(releaseProject, 'instaNDT, the fast part: the two apps in one version', releaseKeys),
}

if (import.meta.main) {
  for (const [folder, text] of Object.entries(projectFiles)) {
    if (process.argv.includes('--write')) writeFileSync(new URL(`../${folder}/Pulumi.yaml`, import.meta.url), text)
    else process.stdout.write(text)
  }
}
