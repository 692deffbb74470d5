import {
  createTheme,
  type CSSVariablesResolver,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
} from '@mantine/core'

/** The one accent: teal keeps clear of the amber of warnings, the red of refusals and the grey of radiographs. */
const signal: MantineColorsTuple = [
  '#e4f7f5',
  '#c9ece8',
  '#9bdad3',
  '#6ac8be',
  '#45b8ac',
  '#2aa498',
  '#138a7f',
  '#0b7268',
  '#085b53',
  '#04433e',
]

/** Neutral greys without a colour cast: a cast next to a radiograph shifts how its greys are seen. */
const dark: MantineColorsTuple = [
  '#d9dadb',
  '#b4b6b8',
  '#8f9295',
  '#5f6265',
  '#3b3d40',
  '#2c2e30',
  '#212325',
  '#161718',
  '#101112',
  '#0a0b0b',
]

export const theme = createTheme({
  primaryColor: 'signal',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.34,
  variantColorResolver(input) {
    const colours = defaultVariantColorsResolver(input)
    // Chosen for the shades of the light colours only: on the bright ones of the dark theme white words have 2.4 : 1.
    return input.variant === 'filled'
      ? { ...colours, color: `light-dark(${colours.color}, var(--mantine-color-dark-8))` }
      : colours
  },
  colors: { signal, dark },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: "'Inter', system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'Liberation Mono', Menlo, monospace",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '1.25rem' }, h2: { fontSize: '1rem' }, h3: { fontSize: '0.875rem' } },
  },
  components: {
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true } },
    Modal: { defaultProps: { centered: true } },
    Badge: { defaultProps: { radius: 'sm', variant: 'default', tt: 'none' } },
    InputWrapper: { defaultProps: { labelProps: { fz: 'xs', fw: 500, c: 'dimmed', mb: 2 } } },
    Button: { defaultProps: { size: 'sm' } },
  },
})

/** Surfaces of the app beside Mantine's own: used in CSS as var(--surface-…). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  dark: {
    '--mantine-color-body': '#111213',
    '--mantine-color-dimmed': '#96999c',
    '--surface-raised': '#18191b',
    '--surface-hover': '#1e2022',
    '--surface-selected': '#17302d',
    '--surface-border': '#292b2e',
    '--mantine-color-default': '#1b1d1f',
    '--mantine-color-default-hover': '#232527',
    '--mantine-color-default-border': '#323538',
  },
  light: {
    '--mantine-color-body': '#f6f7f7',
    '--mantine-color-dimmed': '#5b6064',
    '--surface-raised': '#ffffff',
    '--surface-hover': '#eef1f1',
    '--surface-selected': '#dff1ef',
    '--surface-border': '#dcdfe1',
    // Mantine's own are too pale for words: 4.5 : 1 at least on the surfaces and on their own tint.
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    // Of the entries of menus.
    '--mantine-color-red-6': 'var(--mantine-color-red-9)',
    '--mantine-color-red-filled': 'var(--mantine-color-red-9)',
    '--mantine-color-red-filled-hover': '#b02525',
    '--mantine-color-red-light-color': 'var(--mantine-color-red-9)',
    '--mantine-color-orange-text': '#a84700',
    '--mantine-color-orange-light-color': '#a84700',
    '--mantine-color-yellow-text': '#805300',
    '--mantine-color-yellow-light-color': '#805300',
  },
})
