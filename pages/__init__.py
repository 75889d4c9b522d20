"""The pages of the app, one package each; `app.py` lists them."""
