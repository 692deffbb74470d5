import { type BigIntStats, constants, type Dirent, existsSync } from 'node:fs'
import { type FileHandle, lstat, open, opendir, readlink, realpath } from 'node:fs/promises'

/** Linux tells where an open file lies, whatever its path leads to since. */
const isTold = process.platform === 'linux' && existsSync('/proc/self/fd')
const descriptor = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`
const moved = 'a link leads elsewhere now, not followed'

/**
 * Opens a file for reading. O_NOFOLLOW heeds the last part of a path alone: a folder on the way that was replaced by a
 * link is found by where the open file lies. No waiting for a pipe.
 * @param file its real path, without any link
 * @throws Error when it lies elsewhere
 */
export async function openFileInside(file: Buffer, isDescriptorTold = isTold): Promise<FileHandle> {
  return await openAt(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK, isDescriptorTold)
}

/**
 * Lists a folder, as `openFileInside` opens a file; names are bytes.
 * @throws Error when it lies elsewhere
 */
export async function* listInside(folder: Buffer, isDescriptorTold = isTold): AsyncGenerator<Dirent<Buffer>> {
  // The types know names that are text only.
  const list = async (path: string | Buffer): Promise<AsyncIterable<Dirent<Buffer>>> =>
    (await opendir(path as string, { encoding: 'buffer' as BufferEncoding })) as unknown as AsyncIterable<
      Dirent<Buffer>
    >
  if (isDescriptorTold) {
    // Held to the end: where a file system does not tell what an entry is, it is asked by this path.
    await using held = await openAt(folder, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY, true)
    yield* await list(descriptor(held))
    return
  }
  const before = await statReal(folder)
  const check = async (): Promise<void> => {
    if (!isSame(before, await statReal(folder))) throw new Error(moved)
  }
  for await (const entry of await list(folder)) {
    await check()
    yield entry
  }
  await check()
}

async function openAt(path: Buffer, flags: number, isDescriptorTold: boolean): Promise<FileHandle> {
  const before = isDescriptorTold ? undefined : await statReal(path)
  const file = await open(path, flags)
  try {
    const isThere = before
      ? isSame(before, await file.stat({ bigint: true })) && isSame(before, await statReal(path))
      : path.equals(await readlink(descriptor(file), { encoding: 'buffer' }))
    if (isThere) return file
    throw new Error(moved)
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Of a path that holds no link. */
async function statReal(path: Buffer): Promise<BigIntStats> {
  if (!path.equals(await realpath(path, { encoding: 'buffer' }))) throw new Error(moved)
  return await lstat(path, { bigint: true })
}

const isSame = (one: BigIntStats, other: BigIntStats): boolean => one.dev === other.dev && one.ino === other.ino
