"""The Streamlit explorer and the Gradio demo on one port."""
