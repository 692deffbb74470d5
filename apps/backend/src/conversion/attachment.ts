/**
 * Content-Disposition of a file to be saved (RFC 6266, RFC 8187): its own name without folders, and for old clients one in ASCII.
 */
export function attachmentNamed(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  // What a file system or a header would take for something else.
  // oxlint-disable-next-line no-control-regex
  const safe = last.replaceAll(/[\u0000-\u001f\u007f<>:"|?*]/g, '_').slice(0, 150) || 'original'
  const plain = safe.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll(/[%;']/g, '_')
  const encoded = encodeURIComponent(safe.toWellFormed()).replaceAll(
    /['()*!]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
