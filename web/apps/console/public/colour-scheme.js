// Sets the colour scheme before anything is painted; the policy of the page allows no inline script.
{
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("timeloom-colour-scheme") ?? "auto";
  } catch {
    // Storage is switched off: the system's scheme is used.
  }
  const isDark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", isDark ? "dark" : "light");
}
