"""A real browser for pages on disk: Debian's chromium, headless, by selenium."""
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1600,1000"]


class Page:
    """with Page(path) as page: page.js("return ..."), page.shot(path), page.errors()"""
    def __init__(self, path, size="1600,1000"):
        self.dir = tempfile.TemporaryDirectory(prefix="cutaway-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS + [f"--user-data-dir={self.dir.name}", f"--window-size={size}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(120)
        self.driver.set_script_timeout(120)
        self.driver.get(Path(path).resolve().as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.driver.quit()
        self.dir.cleanup()

    def js(self, code, *args):
        return self.driver.execute_script(code, *args)

    def wait(self, code, seconds=90):
        from selenium.webdriver.support.ui import WebDriverWait
        return WebDriverWait(self.driver, seconds, 0.1).until(lambda d: d.execute_script("return " + code))

    def shot(self, path):
        self.js("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.driver.save_screenshot(str(path))

    def errors(self):
        return [e for e in self.driver.get_log("browser") if e["level"] in ("SEVERE", "WARNING")]
