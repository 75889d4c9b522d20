"""Pure functions from arrays to figures: a Plotly figure or an ECharts option; no page, no torch."""
