# FruitLab's explorer on port 8501 (docs/deployment.md):
#   docker build -t fruitlab . && docker run -p 127.0.0.1:8501:8501 -v fruitlab:/srv fruitlab
FROM python:3.11-slim

# The CPU build of PyTorch is a tenth of the size. For an NVIDIA GPU:
#   docker build --build-arg TORCH=cu130 -t fruitlab . && docker run --gpus all ...
ARG TORCH=cpu

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app
COPY requirements.lock ./
# PyTorch comes with what it needs; the lock file lists all other packages with their hashes.
RUN pip install torch==2.14.1 torchvision==0.29.1 \
        --index-url "https://download.pytorch.org/whl/${TORCH}" \
    && pip install --require-hashes --no-deps -r requirements.lock

COPY app.py ./
COPY .streamlit .streamlit
COPY pages pages
COPY docs docs
COPY checkpoints/shipped checkpoints/shipped
COPY fruitlab fruitlab

# Not root, and the program's own files cannot be written. Runs and data are in /srv.
RUN useradd --uid 1000 --no-create-home fruitlab && install -d -o fruitlab /srv/runs /srv/data
USER 1000
VOLUME /srv
# numba keeps what it compiles, and libraries their settings, in /srv.
ENV HOME=/srv NUMBA_CACHE_DIR=/srv/.numba \
    FRUITLAB_CHECKPOINTS=/srv/runs FRUITLAB_DATA=/srv/data \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0

EXPOSE 8501
HEALTHCHECK --start-period=60s --timeout=10s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/healthz', timeout=9)"]
CMD ["python", "-m", "fruitlab", "open", "--headless", "--port", "8501"]
