import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startAzurite } from '@instandt/testkit'
import { startPostgres } from '@instandt/testkit/postgres'

/** One PostgreSQL cluster and one Azurite for a whole run, named to the children by their environment. */
export async function startTestServers(): Promise<{ env: Record<string, string>; stop(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-test-'))
  const postgres = await startPostgres({ dataDir: path.join(folder, 'postgres'), isDurable: false })
  const azurite = await startAzurite()
  return {
    env: { INSTANDT_TEST_POSTGRES: postgres.adminUrl, INSTANDT_TEST_AZURITE: azurite.connectionString },
    async stop() {
      await azurite.stop()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
