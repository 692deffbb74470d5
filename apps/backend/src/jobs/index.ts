import { createInstanceWriter } from '../data/group-commit.ts'
import { dropIdleUploads, reviveAssemblies } from '../data/upload-jobs.ts'
import { withUploadAlone } from '../data/upload-locks.ts'
import type { Deps } from '../deps.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startDeriving } from '../renditions/derive-loop.ts'
import { sweepRenditions } from '../renditions/sweep-renditions.ts'
import { archiveCrontab, archiveTasks } from './archive-tasks.ts'
import { assembleUpload } from './assemble-upload.ts'
import { forgetExpired } from './forget-expired.ts'
import { type RunningTasks, runTasks } from './run-tasks.ts'
import { indexAttributes } from './index-attributes.ts'
import { sweepOrphans } from './sweep-orphans.ts'

// A reading tells of itself every two seconds.
const silentSeconds = 60
/** Days for which it is told how an upload ended. */
export const finishedDays = 30

/** Every background task by name; schedules in UTC. Any number of processes may run them: a task runs once. */
export async function startJobs(deps: Deps): Promise<RunningTasks> {
  const upkeep = await runTasks(deps, {
    concurrency: 2,
    crontab: [
      '17 3 * * * sweep-orphans ?max=3&fill=1d',
      '33 3 * * * sweep-renditions ?max=3&fill=1d',
      '47 3 * * * forget-expired ?max=3&fill=1d',
      '*/1 * * * * revive-uploads ?max=1',
      '7 * * * * sweep-uploads ?max=3&fill=1h',
      // In case a job was lost; with nothing to do it asks two questions.
      '*/15 * * * * index-attributes ?max=1&jobKey=index-attributes&queue=index-attributes&priority=10',
      archiveCrontab,
    ].join('\n'),
    taskList: {
      ...archiveTasks(deps),
      'forget-expired': async () => {
        const count = await forgetExpired(deps, await readArchiveScope(deps.db))
        deps.log.info({ count }, 'expired sessions and links are removed')
      },
      'sweep-renditions': async () => {
        const report = await sweepRenditions(deps, await readArchiveScope(deps.db))
        deps.log.info(report, 'sweep of images for screens done')
      },
      'index-attributes': async (_payload, { abortSignal, addJob }) => {
        const isMore = await indexAttributes(deps, await readArchiveScope(deps.db), { signal: abortSignal })
        if (isMore)
          await addJob(
            'index-attributes',
            {},
            { jobKey: 'index-attributes', queueName: 'index-attributes', priority: 10 },
          )
      },
      'sweep-orphans': async () => {
        const report = await sweepOrphans(deps, await readArchiveScope(deps.db))
        deps.log.info(
          {
            seen: report.seen,
            quarantined: report.quarantined.length,
            restored: report.restored.length,
            removed: report.removed.length,
            failed: report.failed.length,
          },
          'orphan sweep done',
        )
      },
      'revive-uploads': async () => {
        const count = await reviveAssemblies(deps.db, await readArchiveScope(deps.db), silentSeconds)
        if (count > 0) deps.log.warn({ count }, 'uploads whose job was lost got another one')
      },
      'sweep-uploads': async () => {
        const idleDays = deps.config.UPLOAD_KEEP_DAYS
        const report = await dropIdleUploads(deps.db, await readArchiveScope(deps.db), { idleDays, finishedDays })
        if (report.dropped > 0) deps.log.info(report, 'uploads that nobody touched are dropped')
      },
      'drop-parts': async (payload) => {
        const { upload, blobKey } = payload as { upload: string; blobKey: string }
        const scope = await readArchiveScope(deps.db)
        await withUploadAlone(deps.db, scope, upload, () => deps.blobs.dropParts(blobKey))
      },
    },
  })
  // Apart: hours of reading must not keep upkeep waiting, nor upkeep somebody who waits for an upload to be stored.
  const writer = createInstanceWriter(deps.db)
  const uploads = await runTasks(deps, {
    concurrency: deps.config.UPLOAD_JOBS,
    taskList: {
      'assemble-upload': async (payload, { abortSignal }) =>
        assembleUpload(
          deps,
          writer,
          await readArchiveScope(deps.db),
          (payload as { upload: string }).upload,
          abortSignal,
        ),
    },
  })
  const deriving = startDeriving(deps)
  return {
    addJob: upkeep.addJob,
    async stop() {
      await Promise.all([upkeep.stop(), uploads.stop(), deriving.stop()])
    },
  }
}
