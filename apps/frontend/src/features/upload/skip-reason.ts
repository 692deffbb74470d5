import type { SkipKey } from './upload-file.ts'

// What operating systems and programs leave in every folder. Everything else is sent: DICOM files have any name.
const systemNames =
  /^(\.ds_store|thumbs\.db|ehthumbs\.db|desktop\.ini|\.directory|\.localized|icon\r|autorun\.inf|\._.*|~\$.*)$/i
const systemFolders =
  /(^|\/)(__macosx|\.git|\.svn|\$recycle\.bin|system volume information|\.trashes|\.spotlight-v100|\.fseventsd)\//i

/** Why a file is not worth sending, by name and size alone; undefined: send it. */
export function skipReason(path: string, size: number): SkipKey | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (systemNames.test(name) || systemFolders.test(path)) return 'system'
  if (/^dicomdir$/i.test(name)) return 'dicomdir'
  return size === 0 ? 'empty' : undefined
}
