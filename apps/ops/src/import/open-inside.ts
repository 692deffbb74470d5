import { type BigIntStats, constants, type Dir, existsSync } from 'node:fs'
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
 * Opens a folder for listing, as `openFileInside`; names are bytes.
 * @throws Error when it lies elsewhere
 */
export async function openFolderInside(folder: Buffer, isDescriptorTold = isTold): Promise<Dir> {
  // The types know names that are text only.
  const list = (path: string | Buffer): Promise<Dir> =>
    opendir(path as string, { encoding: 'buffer' as BufferEncoding })
  if (isDescriptorTold) {
    await using held = await openAt(folder, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY, true)
    return await list(descriptor(held))
  }
  const before = await statReal(folder)
  const dir = await list(folder)
  try {
    if (isSame(before, await statReal(folder))) return dir
    throw new Error(moved)
  } catch (error) {
    await dir.close()
    throw error
  }
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
