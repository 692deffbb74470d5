import type { Command } from '../command.ts'

export const importCommand: Command = {
  isArchive: true,
  word: 'folder or DICOMweb address',
  help: `  import <folder | DICOMweb URL> --to URL [--project SLUG] [--report FILE] [--dry-run | --verify]
                             brings in an existing archive, verified by SHA-256; repeat it to go on
                             INSTANDT_TOKEN or --token-file FILE: a token that may store
                             INSTANDT_SOURCE_AUTHORIZATION or --source-authorization-file FILE: for the source
                             --source-in-the-clear lets that go to a source that has http alone
                             --report FILE (instandt-import.csv) .csv or .jsonl; beside it its journal
                             --parallel N (4) requests at once    --wait MINUTES (30) bears a server that is away
                             --retry-refused tries those again, too    --verify asks and reads everything once more
                             --dry-run counts, sends nothing      --json for programs
                             exit codes: 0 all in, 1 something was refused or failed, 2 wrong usage, 3 a person has
                             to act first, 4 source or server is away: run it again, 130 interrupted`,
  options: {
    to: { type: 'string' },
    project: { type: 'string' },
    report: { type: 'string' },
    'token-file': { type: 'string' },
    'source-authorization-file': { type: 'string' },
    'source-in-the-clear': { type: 'boolean', default: false },
    parallel: { type: 'string', default: '4' },
    wait: { type: 'string', default: '30' },
    verify: { type: 'boolean', default: false },
    'retry-refused': { type: 'boolean', default: false },
  },
  async run(context) {
    const [{ readOptions }, { runImport }] = await Promise.all([
      import('../import/options.ts'),
      import('../import/run-import.ts'),
    ])
    return runImport(await readOptions(context), context)
  },
}
