const smallWords = /\b(Of|To|In|By|From|For|And|The|On|With|At|Or|As|Per)\b(?!$)/g

/** 'NumberOfFrames' → 'Number of Frames': the standard's name for most keywords, so that only the others are kept. */
export function nameFromKeyword(keyword: string): string {
  const words = keyword
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/\b([A-Z]+) ?([A-Z])s\b/g, '$1$2s')
    .replaceAll('Date Time', 'DateTime')
  // The first word stays as it is.
  return words.charAt(0) + words.slice(1).replace(smallWords, (word) => word.toLowerCase())
}
