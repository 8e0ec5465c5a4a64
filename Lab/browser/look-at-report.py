#!/usr/bin/env python3
"""Looks at a report in a real browser and says what is there, as JSON.

    look-at-report.py FILE [SCREENSHOT]

A person's steps: open it, search, filter, take a phone, take the dark, turn JavaScript off.
"""
import json
import pathlib
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By


def open_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ["headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=1280,1000"]:
        options.add_argument("--" + word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def visible(browser):
    return [c.find_element(By.TAG_NAME, "b").text
            for c in browser.find_elements(By.CSS_SELECTOR, ".change") if c.is_displayed()]


def requests(browser):
    """The addresses of all that was loaded, but for the page itself."""
    found = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return [url for url in found if not url.startswith("file:") and not url.startswith("data:")]


def background(browser):
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


def search(browser, text):
    field = browser.find_element(By.ID, "search")
    field.clear()
    field.send_keys(text)
    return visible(browser)


def look(browser, path, screenshot):
    url = pathlib.Path(path).resolve().as_uri()
    browser.get(url)
    seen = {"title": browser.title, "all": visible(browser)}
    drawing = browser.find_element(By.CSS_SELECTOR, "svg.drawing")
    seen["drawing"] = [drawing.size["width"], drawing.size["height"]]
    seen["drawn"] = [e.text for e in drawing.find_elements(By.CSS_SELECTOR, "text.name")]
    seen["bars"] = [e.get_attribute("aria-label") for e in browser.find_elements(By.CSS_SELECTOR, ".bar")]
    if seen["all"]:
        seen["found"] = search(browser, "web-7")
        seen["shown"] = browser.find_element(By.ID, "shown").text
        seen["not found"] = search(browser, "no such thing")
        browser.find_element(By.ID, "search").clear()
        search(browser, "")
        box = browser.find_element(By.CSS_SELECTOR, "input[value=live]")
        box.click()
        seen["without live"] = visible(browser)
        box.click()
        seen["with live"] = visible(browser)
    if screenshot:
        browser.save_screenshot(screenshot)
    seen["light"] = background(browser)
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    seen["dark"] = background(browser)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
    seen["phone"] = browser.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    if screenshot:
        browser.save_screenshot(screenshot.replace(".png", "-phone.png"))
    seen["faults"] = [e["message"] for e in browser.get_log("browser")]
    seen["requests"] = requests(browser)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(url)
    seen["without JavaScript"] = visible(browser)
    seen["filter without JavaScript"] = [
        f.is_displayed() for f in browser.find_elements(By.CSS_SELECTOR, ".filter")]
    return seen


def main():
    browser = open_browser()
    try:
        print(json.dumps(look(browser, sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)))
    finally:
        browser.quit()


main()
