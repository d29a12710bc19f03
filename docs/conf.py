"""The book's settings for Sphinx; `make book` calls it through tools/book.py."""
project = "Cutaway"
html_title = "Cutaway: a kernel one can read"
copyright = "the authors of Cutaway"
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
highlight_language = "none"
html_theme_options = {"light_css_variables": {"color-brand-primary": "#a03c10", "color-brand-content": "#a03c10"},
                      "dark_css_variables": {"color-brand-primary": "#ff9a5c", "color-brand-content": "#ff9a5c"}}
