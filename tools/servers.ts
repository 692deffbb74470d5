import { startAzurite } from '@instandt/testkit'
import { startPostgres } from '@instandt/testkit/postgres'

/** One PostgreSQL cluster and one Azurite for a whole run, named to the children by their environment. */
export async function startTestServers(): Promise<{ env: Record<string, string>; stop(): Promise<void> }> {
  // Without a home: in memory's speed, and gone with its server even when this process is killed.
  const [postgres, azurite] = await Promise.all([startPostgres(), startAzurite()])
  return {
    env: { INSTANDT_TEST_POSTGRES: postgres.adminUrl, INSTANDT_TEST_AZURITE: azurite.connectionString },
    async stop() {
      await Promise.all([azurite.stop(), postgres.stop()])
    },
  }
}
