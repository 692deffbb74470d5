// Before the first paint, so that a light screen never flashes dark nor a dark one light. A file, not an inline script:
// the content security policy allows none.
try {
  if (localStorage.getItem('instandt-colours') === 'light')
    document.documentElement.setAttribute('data-mantine-color-scheme', 'light')
} catch {
  // Storage is closed to us: dark, as for a first visit.
}
