// Code and tables that are wider than the screen scroll by themselves: the keyboard must reach those, and only those.
const scrollable = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const part of document.querySelectorAll(".highlight pre, .table-wrapper")) scrollable.observe(part);
