import { createTheme, type MantineColorsTuple } from "@mantine/core";

// Copper thread on warm cloth: the accent of the documentation, in ten steps.
const copper: MantineColorsTuple = [
  "#fdf3ea",
  "#f6e4d3",
  "#eec8a6",
  "#e9ab76",
  "#e0904d",
  "#c97432",
  "#ab5c22",
  "#8f4a18",
  "#7a3e12",
  "#5c2d0b",
];

// Warm greys for dark surfaces: text first, the deepest ground last.
const dark: MantineColorsTuple = [
  "#ece7e0",
  "#cfc8be",
  "#b0a89d",
  "#8f877c",
  "#4a453f",
  "#37332e",
  "#292622",
  "#1d1b18",
  "#161412",
  "#100f0d",
];

// Warm greys for light surfaces.
const gray: MantineColorsTuple = [
  "#faf8f5",
  "#f3efea",
  "#e8e2da",
  "#dcd5cb",
  "#c8bfb3",
  "#a59c90",
  "#776f65",
  "#5f584f",
  "#403b35",
  "#26231f",
];

export const COLOUR_SCHEME_KEY = "timeloom-colour-scheme";

export const theme = createTheme({
  colors: { copper, dark, gray },
  primaryColor: "copper",
  primaryShade: { light: 8, dark: 6 },
  autoContrast: true,
  respectReducedMotion: true,
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.375rem", lineHeight: "1.3" },
      h2: { fontSize: "1.0625rem", lineHeight: "1.4" },
      h3: { fontSize: "0.9375rem", lineHeight: "1.4" },
    },
  },
  components: {
    Anchor: { defaultProps: { underline: "always" } },
    Button: { defaultProps: { size: "sm" } },
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", comboboxProps: { shadow: "md" } } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Paper: { defaultProps: { withBorder: true } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45 } } },
  },
});
